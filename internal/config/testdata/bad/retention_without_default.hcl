retention {
  class "a" {
    keep = "1d"
  }
  class "b" {
    keep = "sometimes"
  }
}
