"""Base class of workers (`worker`) and the function that calls them (`invoker`)."""
