namespace Looped.Actors;

/// <summary>A message that may cross a node boundary: small, immutable, with an explicit manifest in <see cref="WireSerializer"/>.</summary>
public interface IWireMessage;
