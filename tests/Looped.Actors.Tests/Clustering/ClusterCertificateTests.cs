using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Actors.Tests.Clustering;

public sealed class ClusterCertificateTests
{
    [Fact]
    public void Equal_secrets_give_equal_keys_and_others_do_not()
    {
        using ClusterCertificate one = From("one secret, long enough"), same = From("one secret, long enough"), other = From("one secret, long enougH");
        Assert.True(one.Accepts(same.Certificate));
        Assert.False(one.Accepts(other.Certificate));
        Assert.False(one.Accepts(null));
    }

    [Fact]
    public void The_key_of_a_secret_never_changes_lest_nodes_of_two_versions_refuse_each_other()
    {
        using ClusterCertificate certificate = From("one secret, long enough");
        Assert.Equal("42CC", Convert.ToHexString(SHA256.HashData(certificate.Certificate.PublicKey.ExportSubjectPublicKeyInfo()))[..4]);
    }

    [Fact]
    public void A_certificate_that_only_looks_like_ours_is_refused()
    {
        using ClusterCertificate ours = From("one secret, long enough");
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 forged = new CertificateRequest(ours.Certificate.Subject, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(ours.Certificate.NotBefore, ours.Certificate.NotAfter);
        Assert.False(ours.Accepts(forged));
    }

    [Fact]
    public void A_secret_that_could_be_guessed_is_refused() =>
        Assert.Contains("15 bytes", Assert.Throws<UsageException>(() => From("fifteen letters")).Message, StringComparison.Ordinal);

    private static ClusterCertificate From(string secret) => ClusterCertificate.FromSecret(Encoding.UTF8.GetBytes(secret));
}
