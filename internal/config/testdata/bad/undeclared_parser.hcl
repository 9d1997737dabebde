parser "regex" "gateway" {
  pattern = "x"
}

input "file" "a" {
  paths  = ["a.log"]
  parser = parser.regex.gatway
}

input "file" "b" {
  paths  = ["b.log"]
  parser = "regex.gateway"
}

input "file" "c" {
  paths  = ["c.log"]
  parser = ["jsn", "regex", 5]
}
