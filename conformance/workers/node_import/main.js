throw new EvalError('while it is loaded');
