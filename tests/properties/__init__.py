"""Judge the whole function by what must hold for every order, environment and fault."""
