using ScottPlot;
using SkiaSharp;

namespace Looped.Host.Plots;

/// <summary>
/// The font of all figures, carried by the program: a bare machine has none, and text would silently be missing. Inter, under the SIL
/// Open Font License (<c>Plots/Fonts/OFL.txt</c>).
/// </summary>
internal sealed class PlotFont : IFontResolver
{
    /// <summary>The name by which figures ask for it.</summary>
    public const string Name = "Inter";

    private static readonly Lazy<SKTypeface> LazyRegular = new(() => Load("Inter-Regular.ttf")), LazySemiBold = new(() => Load("Inter-SemiBold.ttf"));

    public static SKTypeface Regular => LazyRegular.Value;

    public static SKTypeface SemiBold => LazySemiBold.Value;

    private static readonly Lazy<bool> Installed = new(() =>
    {
        ScottPlot.Fonts.FontResolvers.Insert(0, new PlotFont());
        ScottPlot.Fonts.Default = ScottPlot.Fonts.Sans = Name;
        return true;
    });

    /// <summary>Makes the font known to the plotting library, whose list of fonts is one per process; once is enough, more do no harm.</summary>
    public static void Install() => _ = Installed.Value;

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName != Name ? null : weight >= FontWeight.SemiBold ? SemiBold : Regular;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static SKTypeface Load(string file)
    {
        using Stream stream = typeof(PlotFont).Assembly.GetManifestResourceStream($"Looped.Host.Plots.Fonts.{file}")!;
        return SKTypeface.FromStream(stream);
    }
}
