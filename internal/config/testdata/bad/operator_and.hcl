enrich "a" {
  where = service.name == "a" and message == "b"
  drop  = true
}
