"""The studio: a local web app that makes pictures with the recipes of the command line, and lets one play with them."""
