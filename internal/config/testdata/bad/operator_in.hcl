enrich "a" {
  where = url.path in ["/healthz"]
  drop  = true
}
