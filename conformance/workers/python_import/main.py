raise RuntimeError("while it is loaded")
