using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Looped.Models;

namespace Looped.Actors.Clustering;

/// <summary>
/// The cluster's identity, derived from its secret: every node holds the same key pair, and TLS proves that a peer holds it too. No
/// authority, no files to distribute, no dates to run out.
/// </summary>
public sealed class ClusterCertificate : IDisposable
{
    /// <summary>A shorter secret could be guessed from the public key that a node shows to whoever connects.</summary>
    public const int LeastSecretBytes = 16;

    private static readonly BigInteger Order =
        new(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

    private readonly byte[] _publicKey;

    private ClusterCertificate(X509Certificate2 certificate)
    {
        Certificate = certificate;
        _publicKey = PublicKey(certificate);
    }

    /// <summary>With its private key, for both ends of a TLS connection.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Derives the key pair: equal secrets give equal keys.</summary>
    /// <param name="secret">At least <see cref="LeastSecretBytes"/> bytes.</param>
    /// <exception cref="UsageException">It is too short.</exception>
    public static ClusterCertificate FromSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length < LeastSecretBytes)
            throw new UsageException($"The cluster secret has {secret.Length} bytes; it needs at least {LeastSecretBytes}, for example from `openssl rand -hex 32`.");
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = PrivateKey(secret) });
        var request = new CertificateRequest("CN=looped", key, HashAlgorithmName.SHA256);
        return new(request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero)));
    }

    /// <summary>Whether a peer's certificate is for the cluster's key. TLS has checked that the peer holds the private half.</summary>
    /// <param name="peer">What the peer presented; null if nothing.</param>
    public bool Accepts(X509Certificate? peer)
    {
        if (peer is null) return false;
        using X509Certificate2? copy = peer is X509Certificate2 ? null : new(peer);
        return CryptographicOperations.FixedTimeEquals(PublicKey(copy ?? (X509Certificate2)peer), _publicKey);
    }

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    /// <summary>1 … n-1: 16 bytes more than the order has make the bias of the remainder smaller than 2⁻¹²⁷.</summary>
    private static byte[] PrivateKey(ReadOnlySpan<byte> secret)
    {
        Span<byte> wide = stackalloc byte[48];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, wide, salt: [], info: Encoding.ASCII.GetBytes("looped cluster identity, P-256, 1"));
        BigInteger scalar = (new BigInteger(wide, isUnsigned: true, isBigEndian: true) % (Order - 1)) + 1;
        byte[] bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true), key = new byte[32];
        bytes.CopyTo(key, key.Length - bytes.Length);
        return key;
    }

    private static byte[] PublicKey(X509Certificate2 certificate) => certificate.PublicKey.ExportSubjectPublicKeyInfo();
}
