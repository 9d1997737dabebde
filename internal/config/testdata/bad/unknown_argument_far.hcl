input "file" "a" {
  paths    = ["/var/log/*.log"]
  rainbows = true
}
