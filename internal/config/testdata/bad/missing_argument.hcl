input "file" "a" {
  exclude = ["*.gz"]
}
