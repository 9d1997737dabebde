enrich "a" {
  where = length([for t in tags : t if t == "x"]) > 0
  set   = { a = tags[0], b = format("%s", message) }
}
