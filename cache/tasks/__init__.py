"""One module a request that a job may make: how it runs, its title, the page of its result."""
