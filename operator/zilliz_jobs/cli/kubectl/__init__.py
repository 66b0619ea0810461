"""`kubectl zilliz`: what a person does with jobs day by day. It acts with the kubeconfig and the rights of that
person, and goes by the operator's own rules."""
