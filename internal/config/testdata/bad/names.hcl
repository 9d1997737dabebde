input "file" "my logs" {
  paths = ["a.log"]
}

output "console" "b" {
  renamed_from = "console.b"
}
