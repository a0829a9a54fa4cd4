"""Files in and out: pictures and masks, PNGs that remember their recipe, contact sheets and animations."""
