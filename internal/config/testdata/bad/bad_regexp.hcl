enrich "a" {
  where = match(message, "(?=look)ahead")
  drop  = true
}

input "file" "b" {
  paths = ["a.log"]
  multiline {
    start = "(["
  }
}
