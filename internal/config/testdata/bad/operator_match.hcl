enrich "a" {
  where = message =~ "^GET"
  drop  = true
}
