input "file" "a" {
  paths = ["a.log"]
}

enrich "b" {
  inputs = [input.file.b]
  drop   = true
}
