// Package gosdk stands in for the client of a cloud that no test needs, and whose module is not
// served everywhere. It has the names that provider-kubernetes calls; a login always fails.
package gosdk

import (
	"context"
	"errors"

	"github.com/nebius/gosdk/auth"
)

var errLeftOut = errors.New("logins to this cloud are not built in")

// SDK is a client that is never made.
type SDK struct{}

// BearerToken fails.
func (*SDK) BearerToken(context.Context) (auth.BearerToken, error) {
	return auth.BearerToken{}, errLeftOut
}

// Credentials say who logs in.
type Credentials struct{}

// Option configures a client.
type Option struct{}

// ServiceAccountReader takes an account, and forgets it.
func ServiceAccountReader(auth.PrivateKeyParser) Credentials {
	return Credentials{}
}

// WithCredentials takes credentials, and forgets them.
func WithCredentials(Credentials) Option {
	return Option{}
}

// New fails.
func New(context.Context, ...Option) (*SDK, error) {
	return nil, errLeftOut
}
