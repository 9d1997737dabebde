parser "regex" "a" {
  pattern = "%{IP:client} %{WORD:method}"
}
