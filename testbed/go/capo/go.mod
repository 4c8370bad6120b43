module central-api/testbed/capo

go 1.26.7

require sigs.k8s.io/cluster-api-provider-openstack v0.14.7
