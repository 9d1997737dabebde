enrich "a" {
  where = lower(message)
  drop  = true
}

enrich "b" {
  where = "service.name == 1"
  drop  = true
}
