output "console" "a" {
  on_full = "drop_oldst"
  from    = "yesterday"
}

buffer {
  durability = "high"
  min_free   = 15
}
