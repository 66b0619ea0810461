// Where in the page its reader is. A page that is a file has no addresses of its own; there they stand behind the #.

const isFile = () => document.getElementById("data") !== null;

export function href(path) {
  return isFile() ? `#${path}` : path;
}

export function here() {
  return isFile() ? location.hash.slice(1) || "/" : location.pathname;
}

export function walk(path) {
  history.pushState(null, "", href(path));
}

// The job that is opened; "" where none is. An address that somebody cut or mistyped names a job that is not there.
export function openedAt(path) {
  if (!path.startsWith("/jobs/")) return "";
  try {
    return decodeURIComponent(path.slice(6));
  } catch {
    return path.slice(6);
  }
}
