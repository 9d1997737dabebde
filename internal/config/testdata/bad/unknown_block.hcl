imput "file" "a" {
  paths = ["/var/log/*.log"]
}

sink "elasticsearch" "b" {
}
