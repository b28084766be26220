namespace Looped.Actors.Telemetry;

/// <summary>What a GPU's driver says; a number it does not know is null.</summary>
/// <param name="Id">Its identity, which outlives reboots.</param>
/// <param name="Name">Its model.</param>
/// <param name="Utilization">Share of the time in which it was busy.</param>
/// <param name="MemoryUsed">Bytes in use.</param>
/// <param name="MemoryLimit">Bytes there are.</param>
/// <param name="Watts">Power drawn.</param>
/// <param name="Celsius">Temperature.</param>
/// <param name="Joules">Energy since the driver was loaded.</param>
/// <param name="BytesSent">Bytes over PCI Express to the host.</param>
/// <param name="BytesReceived">Bytes over PCI Express from the host.</param>
/// <param name="Errors">Memory errors that could not be corrected, since the driver was loaded.</param>
public sealed record GpuNumbers(string Id, string Name, double? Utilization, long? MemoryUsed, long? MemoryLimit, double? Watts, double? Celsius, double? Joules,
    long? BytesSent, long? BytesReceived, long? Errors);
