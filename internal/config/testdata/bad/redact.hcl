enrich "a" {
  redact = { patterns = ["e-mail", "cards"], field = ["x"] }
}
