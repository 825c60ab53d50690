"""Workers (`worker`) and the way to call them (`invoker`)."""
