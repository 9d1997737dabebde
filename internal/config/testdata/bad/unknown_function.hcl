enrich "a" {
  where = startsWith(message, "x")
  set   = { a = lowr(message) }
}

input "file" "b" {
  paths = splt(",", "a,b")
}
