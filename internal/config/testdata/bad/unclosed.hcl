input "file" "a" {
  paths = ["a.log"]

output "console" "b" {
}
