package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/renthub/sluice/outputs"
)

// connect returns the client, a new one the first time and after credentials
// were refused. One Send makes it while the others wait.
func (o *Output) connect(ctx context.Context) (*cloudwatchlogs.Client, error) {
	if c := o.client.Load(); c != nil {
		return c, nil
	}
	if err := o.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer o.endTurn()
	if c := o.client.Load(); c != nil {
		return c, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := o.newClient(ctx)
	if err != nil {
		return nil, err
	}
	o.client.Store(c)
	return c, nil
}

func (o *Output) takeTurn(ctx context.Context) error {
	select {
	case o.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for another request: %w", ctx.Err())
	}
}

func (o *Output) endTurn() { <-o.turn }

var errRegion = errors.New("no region: set region, AWS_REGION or the profile's")

// newClient makes a client with the SDK's chain of settings and credentials.
// Nothing in it retries: the pipeline does.
func (o *Output) newClient(ctx context.Context) (*cloudwatchlogs.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx, o.loadOptions()...)
	if err == nil && cfg.Region == "" {
		cfg, err = config.LoadDefaultConfig(ctx, append(o.loadOptions(), config.WithEC2IMDSRegion())...)
		if err != nil && ctx.Err() == nil || err == nil && cfg.Region == "" {
			return nil, &outputs.Misconfigured{Err: errRegion}
		}
	}
	if err != nil {
		return nil, &outputs.Misconfigured{Err: fmt.Errorf("read the AWS settings: %w", err)}
	}
	if o.config.RoleARN != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.config.RoleARN, func(r *stscreds.AssumeRoleOptions) {
			r.RoleSessionName = "sluice"
			if o.config.ExternalID != "" {
				r.ExternalID = &o.config.ExternalID
			}
		}))
	}
	return cloudwatchlogs.NewFromConfig(cfg, func(p *cloudwatchlogs.Options) {
		p.HTTPClient = sender{o.http, &o.clock, o.now}
		p.Retryer = aws.NopRetryer{}
		p.Credentials = credentials{cfg.Credentials}
		if len(o.config.Endpoints) > 0 {
			p.BaseEndpoint = &o.config.Endpoints[0]
		}
		p.APIOptions = append(p.APIOptions, func(s *middleware.Stack) error {
			return s.Deserialize.Add(answerReader{}, middleware.After)
		})
	}), nil
}

func (o *Output) loadOptions() []func(*config.LoadOptions) error {
	list := []func(*config.LoadOptions) error{
		config.WithAppID("sluice-" + o.version),
		config.WithLogger(sdkLogger{o.logger}),
	}
	if o.config.Region != "" {
		list = append(list, config.WithRegion(o.config.Region))
	}
	if o.config.Profile != "" {
		list = append(list, config.WithSharedConfigProfile(o.config.Profile))
	}
	if o.config.FIPS {
		list = append(list, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if o.config.DualStack {
		list = append(list, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	return list
}

// credentials marks errors of the chain as such.
type credentials struct{ aws.CredentialsProvider }

// credentialsError means that there are no credentials to sign with.
type credentialsError struct{ error }

func (e credentialsError) Unwrap() error { return e.error }

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if c.CredentialsProvider == nil {
		return aws.Credentials{}, credentialsError{errors.New("no credentials are set")}
	}
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = credentialsError{err}
	}
	return found, err
}
