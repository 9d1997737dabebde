package config

import (
	"strings"
	"testing"
)

func TestTheHashFollowsTheEffectiveSettings(t *testing.T) {
	load := func(text string, env map[string]string) *Config {
		return mustLoad(t, text, Options{Env: environment(env)})
	}
	const base = `
locals {
  host = env("H", "x")
}
output "splunk" "a" {
  endpoints = [local.host]
  token     = "t"
  index     = "a-${service.name}"
}
route "r" {
  where = service.name == local.host
  to    = [output.splunk.a]
}
route "rest" { to = [output.splunk.a] }`
	a := load(base, nil)
	same := load(strings.ReplaceAll(base, "[local.host]", "[ \"x\" ] # a comment"), nil)
	if a.Outputs[0].Hash != same.Outputs[0].Hash || a.RoutesHash != same.RoutesHash {
		t.Error("another way to write the same: got another hash")
	}
	for name, text := range map[string]string{
		"token": strings.Replace(base, `"t"`, `"u"`, 1), "template": strings.Replace(base, "a-$", "b-$", 1),
	} {
		if got := load(text, nil); got.Outputs[0].Hash == a.Outputs[0].Hash {
			t.Errorf("another %s: got the same hash", name)
		}
	}
	env := load(base, map[string]string{"H": "y"})
	if env.Outputs[0].Hash == a.Outputs[0].Hash || env.RoutesHash == a.RoutesHash {
		t.Error("another environment: got the same hash")
	}
	if got := load(strings.Replace(base, "==", "!=", 1), nil); got.RoutesHash == a.RoutesHash || got.Outputs[0].Hash != a.Outputs[0].Hash {
		t.Error("another condition: got the same hash of routes, or another of the output")
	}
}

func TestTheRoutesHashIsTheSameInEveryVersion(t *testing.T) {
	c := mustLoad(t, `
output "console" "a" {}
route "r" {
  where = service.name == "x" && http.response.status_code >= 500
  to    = [output.console.a]
}
route "rest" { to = [output.console.a] }`, Options{})
	if got, want := c.RoutesHash, uint64(0xea42a4a7bf7cd062); got != want { // blocks on disk carry it
		t.Errorf("got %#x, want %#x", got, want)
	}
}
