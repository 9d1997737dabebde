input "file" "a" {
  paths   = ["/var/log/${service.name}.log"]
}
