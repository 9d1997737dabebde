retention {
  class "a" {
    keep = "1d"
  }
  default = "a"
}

enrich "b" {
  where = retention.class == "a"
  drop  = true
}
