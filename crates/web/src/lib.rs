//! Web actor: HTTP API, server-sent events, OpenAPI document, web page.

#![forbid(unsafe_code)]
