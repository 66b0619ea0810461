"""CloneCollectionJob and SampleCollectionJob."""
