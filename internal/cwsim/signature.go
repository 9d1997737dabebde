package cwsim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// checkSignature signs the request again and compares.
func (s *Server) checkSignature(r *http.Request, raw []byte) *problem {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	part := func(name string) string {
		_, after, _ := strings.Cut(auth, name+"=")
		value, _, _ := strings.Cut(after, ",")
		return value
	}
	scope := strings.Split(part("Credential"), "/") // key, day, region, service, aws4_request
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 ") || len(scope) != 5 || scope[3] != "logs" {
		return refuse("IncompleteSignatureException", "%s", auth)
	}
	if s.options.Secret == "" {
		return nil
	}
	if scope[0] != s.options.AccessKey {
		return refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || s.options.CheckClock && s.options.Now().Sub(at).Abs() > 5*time.Minute {
		return refuse("InvalidSignatureException", "Signature expired")
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return refuse("IncompleteSignatureException", "%v", err)
	}
	for _, name := range strings.Split(part("SignedHeaders"), ";") {
		if name != "host" && name != "content-length" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	again.ContentLength = r.ContentLength
	hash := sha256.Sum256(raw)
	credentials := aws.Credentials{AccessKeyID: s.options.AccessKey, SecretAccessKey: s.options.Secret, SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), "logs", scope[2], at); err != nil {
		return refuse("IncompleteSignatureException", "%v", err)
	}
	if again.Header.Get("Authorization") != auth {
		return refuse("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
	}
	return nil
}
