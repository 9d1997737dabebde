retention {
  default = "a"
  class "a" {
    keep = "1d"
  }
  class "b" {
    keep  = "2d"
    where = retention.class == "a"
  }
}

enrich "b" {
  where = retention.class == "a"
  drop  = true
}
