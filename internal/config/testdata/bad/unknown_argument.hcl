input "file" "a" {
  pathes = ["/var/log/*.log"]
}
