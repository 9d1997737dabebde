output "console" "on" {
}

output "console" "off" {
  enabled = false
}

route "a" {
  to = [output.console.off, output.console.on]
}

route "b" {
  where = message == "x"
  to    = [output.console.off]
}
