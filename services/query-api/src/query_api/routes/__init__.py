"""The routes, a file per resource: each builds a router from the parts it is given."""
