"""Models under the interfaces of other libraries."""
