enrich "a" {
  where = level_at_least("wran")
  drop  = true
}
