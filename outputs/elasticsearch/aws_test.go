package elasticsearch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// awsSecret is the secret access key of the tests.
const awsSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYcanarykey"

// checkSignature computes the signature of a request anew, from what AWS
// documents of version 4, and compares it.
func checkSignature(r *http.Request, body []byte, region, service string) error {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	parts := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[k] = v
	}
	date := r.Header.Get("X-Amz-Date")
	if scheme != "AWS4-HMAC-SHA256" || len(date) != 16 {
		return fmt.Errorf("no signature: %q, %q", scheme, date)
	}
	hash := sha256.Sum256(body)
	bodyHash := hex.EncodeToString(hash[:])
	if got := r.Header.Get("X-Amz-Content-Sha256"); got != bodyHash {
		return fmt.Errorf("the body's hash is %s and not %s", bodyHash, got)
	}
	names := strings.Split(parts["SignedHeaders"], ";")
	if !slices.Contains(names, "host") || !slices.IsSorted(names) {
		return fmt.Errorf("signed headers: %v", names)
	}
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	query := r.URL.Query()
	// The path is encoded once more than it is sent, but for S3.
	canonical := strings.Join([]string{
		r.Method, strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25"), strings.ReplaceAll(query.Encode(), "+", "%20"), headers.String(), parts["SignedHeaders"], bodyHash,
	}, "\n")
	scope := strings.Join([]string{date[:8], region, service, "aws4_request"}, "/")
	hashed := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("AWS4" + awsSecret)
	for _, part := range []string{date[:8], region, service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(part)) // a hash never fails
		key = mac.Sum(nil)
	}
	if want := hex.EncodeToString(key); parts["Signature"] != want {
		return fmt.Errorf("signature %s, want %s of\n%s", parts["Signature"], want, canonical)
	}
	if !strings.HasSuffix(parts["Credential"], scope) {
		return fmt.Errorf("credential %s, want the scope %s", parts["Credential"], scope)
	}
	return nil
}

// awsEnvironment is one with credentials and nothing else of AWS.
func awsEnvironment(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", awsSecret)
	t.Setenv("AWS_SESSION_TOKEN", "canary-token")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_PROFILE", "")
}

func TestRequestsAreSignedForAWS(t *testing.T) {
	awsEnvironment(t)
	for _, service := range []string{"", "aoss"} {
		sim := essim.New(essim.Options{Any: true, Strict: true, Templates: []string{"logs-*-*"}})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				err = checkSignature(r, body, "eu-west-1", map[string]string{"": "es", "aoss": "aoss"}[service])
			}
			if err == nil && r.Header.Get("X-Amz-Security-Token") != "canary-token" {
				err = errors.New("the session's token is missing")
			}
			if err != nil {
				t.Errorf("%s %s: %v", r.Method, r.URL, err)
				w.WriteHeader(http.StatusForbidden)
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			http.StripPrefix("/proxied path", sim).ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		o := openOffline(t, func(c *Config) {
			c.Endpoints, c.AWS = endpoints.At(server.URL+"/proxied path"), &AWS{Region: "eu-west-1", Service: service}
		})
		t.Cleanup(func() { _ = o.Close() })
		// The first try learns which parameters the server does not know: the
		// body is signed and sent again.
		if err := try(t, o, outputtest.Docs(6)); err != nil {
			t.Errorf("send: %v", err)
		}
		if got := sim.Counts().Docs; got != 6 {
			t.Errorf("got %d documents, want 6", got)
		}
	}
}

func TestWithoutCredentialsOfAWSAPersonIsNeeded(t *testing.T) {
	awsEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	o := openOffline(t, func(c *Config) { c.AWS = &AWS{Region: "eu-west-1"} })
	t.Cleanup(func() { _ = o.Close() })
	err := try(t, o, outputtest.Docs(1))
	var person *outputs.Misconfigured
	if !errors.As(err, &person) || !strings.Contains(err.Error(), "credentials of AWS") {
		t.Errorf("got %v, want Misconfigured", err)
	}
	if s := o.group.Status()[0]; s.LastError != "" {
		t.Errorf("the endpoint is blamed: %s", s.LastError)
	}
}

func TestWithoutARegionOfAWSTheOutputDoesNotOpen(t *testing.T) {
	awsEnvironment(t)
	c := defaults()
	c.Endpoints, c.AWS = endpoints.At("localhost"), &AWS{}
	if _, err := open(c, outputtest.Deps(t)); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("got %v, want an error that names AWS_REGION", err)
	}
}
