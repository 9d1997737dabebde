package elasticsearch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// AWS is how requests are signed for Amazon OpenSearch Service. Credentials
// are found as every AWS SDK does: environment, profile, web identity,
// instance.
type AWS struct {
	Region     string `hcl:"region,optional"`      // of the domain; by default that of the environment or profile
	Service    string `hcl:"service,optional"`     // "es" (the default), or "aoss" for OpenSearch Serverless
	Profile    string `hcl:"profile,optional"`     // of ~/.aws/config
	AssumeRole string `hcl:"assume_role,optional"` // ARN of a role to take on
}

// signer signs requests.
type signer struct {
	region, service string
	credentials     *aws.CredentialsCache
	v4              *v4.Signer
	now             func() time.Time
}

// newSigner reads what the SDK reads, and asks nothing of the network.
func newSigner(ctx context.Context, c AWS, now func() time.Time) (*signer, error) {
	var options []func(*awsconfig.LoadOptions) error
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read the configuration of AWS: %w", err)
	}
	if loaded.Region == "" {
		return nil, errors.New("aws needs a region: set it, or AWS_REGION")
	}
	provider := loaded.Credentials
	if c.AssumeRole != "" {
		provider = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), c.AssumeRole)
	}
	return &signer{
		region: loaded.Region, service: cmp.Or(c.Service, "es"), now: now, v4: v4.NewSigner(),
		credentials: aws.NewCredentialsCache(provider),
	}, nil
}

// sign signs a request whose URL and body are final.
func (s *signer) sign(req *http.Request) error {
	who, err := s.credentials.Retrieve(req.Context())
	if err != nil {
		return &outputs.Misconfigured{Err: fmt.Errorf("get credentials of AWS: %w", err)}
	}
	hash, err := hashBody(req)
	if err != nil {
		return fmt.Errorf("hash the request: %w", err)
	}
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if err := s.v4.SignHTTP(req.Context(), who, req, hash, s.service, s.region, s.now()); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	return nil
}

// hashBody is the SHA-256 of a request's body, which can be read again after
// it.
func hashBody(req *http.Request) (string, error) {
	h := sha256.New()
	switch body, ok := req.Body.(*httpsend.Body); {
	case ok:
		if _, err := io.Copy(h, body); err != nil {
			return "", err
		}
		if _, err := body.Rewind(); err != nil {
			return "", err
		}
	case req.Body != nil && req.Body != http.NoBody:
		if req.GetBody == nil {
			return "", errors.New("its body can be read only once")
		}
		again, err := req.GetBody()
		if err != nil {
			return "", err
		}
		defer again.Close()
		if _, err := io.Copy(h, again); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
