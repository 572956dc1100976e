"""The API's description in OpenAPI 3.1 and the page made from it: `python -m tools.openapi` writes both."""
