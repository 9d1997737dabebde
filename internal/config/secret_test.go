package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreNeverPrinted(t *testing.T) {
	s := struct {
		Token Secret
		Inner *elasticConfig
	}{NewSecret("hunter2"), &elasticConfig{APIKey: NewSecret("hunter2")}}
	js, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s.Token, "all", s, "inner", s.Inner)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s.Token, "all", s, "inner", s.Inner)
	for _, got := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", s, s, s, s.Token, s.Token, s.Token), fmt.Sprint(s.Token), string(js), log.String()} {
		if strings.Contains(got, "hunter2") || strings.Contains(got, "68756e74657232") {
			t.Errorf("got %s: the secret is in it", got)
		}
	}
	if got := s.Token.Reveal(); got != "hunter2" {
		t.Errorf("reveal: got %q", got)
	}
	if got := fmt.Sprint(Secret{}); got != "" {
		t.Errorf("no secret: got %q, want nothing", got)
	}
}

func TestSecretsAreMaskedInSnippets(t *testing.T) {
	c, diags := loadText(`output "splunk" "a" { endpoints = 5, token = "hunter2" }`, Options{})
	c2, diags2 := loadText("output \"splunk\" \"a\" {\n  endpoints = 5\n  token = \"hunter2\"\n}\noutput \"splunk\" \"a\" {\n}", Options{})
	c4, diags4 := loadText("output \"splunk\" \"a\" {\n  token = <<-T\n  hunter2\n  T\n  token = \"\\d\\\"hunter2\"\n}", Options{})
	c3, diags3 := loadText("output \"splunk\" \"a\" {\n  token = [\"hunter2\"]\n}", Options{})
	for _, got := range []string{textOf(c, diags), textOf(c2, diags2), textOf(c3, diags3), textOf(c4, diags4)} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("the secret is in it:\n%s", got)
		}
	}
}

func TestASecretOfAFileIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "token")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	c, diags := LoadSources([]Source{{filepath.Join(dir, "p.hcl"), []byte(`
output "splunk" "a" {
  endpoints = ["x"]
  token     = "Bearer ${file("token")}"
}
output "splunk" "b" {
  endpoints = ["x"]
  token     = "fixed"
}
locals {
  held = file("token")
}
output "splunk" "c" {
  endpoints = ["x"]
  token     = local.held
}`)}}, testKinds(), Options{ReadFile: os.ReadFile})
	if diags.HasErrors() {
		t.Fatal(textOf(c, diags))
	}
	held := c.Outputs[0].Config.(*splunkConfig).Token
	step := func(what, want string, wantChanged, wantErr bool) {
		t.Helper()
		changed, err := held.Refresh()
		if changed != wantChanged || (err != nil) != wantErr || held.Reveal() != want {
			t.Errorf("%s: got %q, changed %v, %v; want %q, %v", what, held.Reveal(), changed, err, want, wantChanged)
		}
	}
	step("unchanged", "Bearer one", false, false)
	write("two")
	step("rotated", "Bearer two", true, false)
	byLocal := c.Outputs[2].Config.(*splunkConfig).Token
	if changed, err := byLocal.Refresh(); !changed || err != nil || byLocal.Reveal() != "two" {
		t.Errorf("through a local: got %q, changed %v, %v", byLocal.Reveal(), changed, err)
	}
	write("\n")
	if changed, err := byLocal.Refresh(); changed || err == nil || byLocal.Reveal() != "two" {
		t.Errorf("emptied: got %q, changed %v, %v; want the old one and an error", byLocal.Reveal(), changed, err)
	}
	write("two")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	step("removed", "Bearer two", false, true)
	fixed := c.Outputs[1].Config.(*splunkConfig).Token
	if changed, err := fixed.Refresh(); changed || err != nil || fixed.Refreshable() {
		t.Errorf("a fixed secret: got changed %v, %v", changed, err)
	}
}
