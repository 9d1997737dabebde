package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// urlOf takes two forms: a text, or an object.
type urlOf struct {
	URL    string `hcl:"url"`
	Weight int    `hcl:"weight,optional"`
}

func (a *urlOf) UnmarshalText(text []byte) error {
	*a = urlOf{URL: string(text)}
	return nil
}

// shared are settings that several components have.
type shared struct {
	Addresses []urlOf `hcl:"addresses,optional"`
	Limits    limits  `hcl:"limits,block"`
}

type limits struct {
	Most  int `hcl:"most,optional"`
	Least int `hcl:"least,optional"`
}

// Validate finds every weight above 10 wrong.
func (s shared) Validate() []Problem {
	var found []Problem
	for i, a := range s.Addresses {
		if a.Weight > 10 {
			found = append(found, Problem{Attr: element("addresses", i), Summary: "Wrong weight", Detail: "It can be 1 to 10."})
		}
	}
	return found
}

type sharing struct {
	shared
	Index string `hcl:"index,optional"`
}

func loadSharing(name, text string, o Options) (*Config, string, bool) {
	k := testKinds()
	k.Outputs["sharing"] = kindOf1(sharing{shared: shared{Limits: limits{Most: 7, Least: 1}}})
	c, diags := LoadSources([]Source{{name, []byte(text)}}, k, o)
	return c, textOf(c, diags), !diags.HasErrors()
}

func TestAnObjectThatReadsItselfFromTextTakesBothForms(t *testing.T) {
	want := sharing{shared{[]urlOf{{URL: "a"}, {URL: "b", Weight: 2}}, limits{Most: 5, Least: 1}}, "x"}
	for name, text := range map[string]string{
		"p.hcl": `output "sharing" "a" {
			addresses = ["a", { url = "b", weight = 2 }]
			index     = "x"
			limits { most = 5 }
		}`,
		"local.hcl": `locals { both = ["a", { url = "b", weight = 2 }] }
		output "sharing" "a" {
			addresses = local.both
			index     = "x"
			limits { most = 5 }
		}`,
		"p.hcl.json": `{"output": {"sharing": {"a": {"addresses": ["a", {"url": "b", "weight": 2}], "index": "x", "limits": {"most": 5}}}}}`,
	} {
		c, said, ok := loadSharing(name, text, Options{})
		if !ok {
			t.Errorf("%s: %s", name, said)
			continue
		}
		if diff := cmp.Diff(want, *c.Outputs[0].Config.(*sharing), cmp.AllowUnexported(sharing{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		var b strings.Builder
		if err := c.Print(&b); err != nil || !strings.Contains(b.String(), `["a", { url = "b", weight = 2 }]`) {
			t.Errorf("%s: got %s, %v, want each in its shortest form", name, b.String(), err)
		}
	}
}

func TestAProblemOfAnElementHasItsPlace(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the element alone is underlined", `output "sharing" "a" { addresses = ["a", { url = "b", weight = 11 }] }`, `["a", { url = "b", weight = 11 }] }
                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^
`},
		{"a list that was computed has one place", `locals { all = ["a", { url = "b", weight = 11 }] }
output "sharing" "a" { addresses = local.all }`, `   2: output "sharing" "a" { addresses = local.all }`},
		{"a key that is none", `output "sharing" "a" { addresses = [{ url = "b", weigth = 1 }] }`, `Did you mean "weight"?`},
		{"a key that is missing", `output "sharing" "a" { addresses = [{ weight = 1 }] }`, `addresses needs "url"`},
		{"a value of another kind", `output "sharing" "a" { addresses = [1] }`, "Text is needed here, not a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got, ok := loadSharing("p.hcl", tt.text, Options{}); ok || !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %q in it", got, tt.want)
			}
		})
	}
	text := `output "sharing" "a" { addresses = ["a", { url = env("B"), weight = 11 }] }`
	if _, said, ok := loadSharing("p.hcl", text, Options{Static: true}); !ok {
		t.Errorf("an element that is not known was judged: %s", said)
	}
}

func TestPasswordsInURLsAreNotShown(t *testing.T) {
	_, got, _ := loadSharing("p.hcl", `output "sharing" "a" { addresses = [{ url = "https://u:canary@h", weight = 11 }] }`, Options{})
	if strings.Contains(got, "canary") || !strings.Contains(got, "https://u:******@h") {
		t.Errorf("got %s, want the password hidden", got)
	}
}
