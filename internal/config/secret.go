package config

import (
	"errors"
	"log/slog"
	"sync/atomic"
)

// Secret is a password, token or key. It prints as (secret) everywhere; only
// Reveal gives it away. The zero value is no secret at all.
//
// A Secret that was read by file() can be read again, so that a rotated one is
// taken up without a restart. All copies of a Secret share what Refresh found.
type Secret struct{ held *heldSecret }

type heldSecret struct {
	text   atomic.Pointer[string]
	reread func() (string, error) // nil unless it came from a file; immutable
}

// NewSecret returns text as a Secret.
func NewSecret(text string) Secret { return newSecret(text, nil) }

func newSecret(text string, reread func() (string, error)) Secret {
	s := Secret{&heldSecret{reread: reread}}
	s.held.text.Store(&text)
	return s
}

// Reveal returns the secret itself, or "" if none is set. It is safe for
// concurrent use with Refresh: call it for each request.
func (s Secret) Reveal() string {
	if s.held == nil {
		return ""
	}
	return *s.held.text.Load()
}

// IsSet reports whether there is a secret that is not empty.
func (s Secret) IsSet() bool { return s.Reveal() != "" }

// Refreshable reports whether the secret came from a file.
func (s Secret) Refreshable() bool { return s.held != nil && s.held.reread != nil }

// Refresh reads the secret's file again and reports whether it has changed. A
// secret that came from elsewhere never changes. On an error, or if the file
// is empty at the moment, the old secret stays.
func (s Secret) Refresh() (changed bool, err error) {
	if !s.Refreshable() {
		return false, nil
	}
	text, err := s.held.reread()
	if err != nil {
		return false, err
	}
	if text == "" {
		return false, errors.New("the secret's file is empty")
	}
	old := s.held.text.Swap(&text)
	return *old != text, nil
}

const masked = "(secret)"

// String is (secret), or "" if none is set.
func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return masked
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return masked }

// MarshalText hides the secret from JSON and every other text form.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
