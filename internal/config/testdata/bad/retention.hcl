retention {
  default = "standrad"
  class "standard" {
    keep = 30
  }
  class "Audit" {
    keep = "400d"
  }
  class "standard" {
    keep  = "forever"
    where = retention.class == "audti"
  }
}
