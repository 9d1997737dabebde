input "file" "a" {
  paths = ['/var/log/a.log']
}
