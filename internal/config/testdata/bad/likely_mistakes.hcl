enrich "a" {
  where = level == "error" || servce.name == "x" || log.level > "warn"
  drop  = true
}

enrich "all" {
  drop = true
}

enrich "nothing" {
}
