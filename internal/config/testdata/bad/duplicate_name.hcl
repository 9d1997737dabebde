input "file" "a" {
  paths = ["/var/log/a.log"]
}

input "file" "a" {
  paths = ["/var/log/b.log"]
}
